"""What is true without Prefect: values, decisions, and the clients that speak to servers."""
