"""Any score becomes a PD: calibrators fitted out of fold, moved to a target rate, composed with the model's ONNX."""
