"""What the hub sends, to whom, and the proof of it. The top of the domain apps: nothing but `hub` imports it."""
