"""Everything that comes in: doors answer and store (doors, receive), adapters read (segment), apply writes through the two doors of history."""
