"""What a person looks at and decides: findings of a collection, and the board in the browser."""
