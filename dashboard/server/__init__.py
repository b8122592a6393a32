"""The dashboard's server: what stands before Streamlit, and Uvicorn serving both."""
