"""What a compiled model needs to run: the native library, the artifact file and the Executable."""
