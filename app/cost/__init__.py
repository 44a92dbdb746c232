"""What disaster recovery costs, by the rates of the configuration."""
