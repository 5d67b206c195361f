"""The ways a message leaves by: SMTP, a folder, a webhook, a chat."""
