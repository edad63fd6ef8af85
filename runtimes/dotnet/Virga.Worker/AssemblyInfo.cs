// Blittable signatures only, so that the calls into libc are compiled ahead of time.
[assembly: System.Runtime.CompilerServices.DisableRuntimeMarshalling]
