"""RabbitMQ: connection, topology, publishing with confirms, consuming."""
