"""What the account holds, and what moves it other than by orders."""
