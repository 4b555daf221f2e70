"""WebSocket connections: negotiation, control plane, channels."""
