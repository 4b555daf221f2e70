"""What REST and sockets share: sign-in, signatures, the order desk, limits, JSON shapes."""
