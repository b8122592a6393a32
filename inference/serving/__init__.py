"""What both servers share: plain ASGI and Uvicorn, without a web framework."""
