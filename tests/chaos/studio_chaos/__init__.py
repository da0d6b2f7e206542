"""What the chaos tests are made of: a proxy, a crowd of clients, a nemesis, and the reckoning afterwards."""
