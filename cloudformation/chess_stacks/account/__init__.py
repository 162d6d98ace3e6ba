"""AWS as it is: the clients, what they answer, and how a command waits for it."""
