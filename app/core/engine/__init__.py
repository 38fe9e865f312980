"""The engine: llama.cpp in a child process behind one protocol."""
