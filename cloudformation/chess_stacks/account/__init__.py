"""AWS as it is: the clients, what AWS answers, and how a command waits for it."""
