"""REST endpoints: what each takes and gives, and what every request passes first."""
