"""What banks read and write: ISO 20022 messages, each validated against its schema."""
