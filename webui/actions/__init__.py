"""What the page does, as plain functions on values: testable without a browser."""
