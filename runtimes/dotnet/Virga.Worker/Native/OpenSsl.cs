using System.Runtime.InteropServices;

namespace Virga.Worker.Native;

/// <summary>
/// OpenSSL's generator of random bytes, which <c>RandomNumberGenerator</c> and the making of keys use. Its state is in the
/// process's memory.
/// </summary>
internal static unsafe partial class OpenSsl
{
    // RTLD_LAZY | RTLD_NOLOAD: the library as .NET has loaded it, or nothing.
    private const int AsItIsLoaded = 1 | 4;

    private static ReadOnlySpan<byte> Version3 => "libcrypto.so.3\0"u8;

    private static ReadOnlySpan<byte> Version1 => "libcrypto.so.1.1\0"u8;

    /// <summary>Mixes <paramref name="entropy"/> into the generator; does nothing while there is none.</summary>
    public static void Seed(ReadOnlySpan<byte> entropy)
    {
        nint library = Find(Version3);
        if (library == 0)
        {
            library = Find(Version1);
        }

        if (library != 0 && NativeLibrary.TryGetExport(library, "RAND_add", out nint address))
        {
            fixed (byte* bytes = entropy)
            {
                ((delegate* unmanaged<byte*, int, double, void>)address)(bytes, entropy.Length, entropy.Length);
            }
        }
    }

    private static nint Find(ReadOnlySpan<byte> name)
    {
        fixed (byte* path = name)
        {
            return OpenLibrary(path, AsItIsLoaded);
        }
    }

    [LibraryImport("libc", EntryPoint = "dlopen")]
    private static partial nint OpenLibrary(byte* path, int flags);
}
