namespace Virga.Control.Packages;

/// <summary>What a package may be at most.</summary>
public sealed record PackageLimits
{
    /// <summary>Bytes of the upload; 256 MiB.</summary>
    public long MaxUploadBytes { get; init; } = 256L << 20;

    /// <summary>Bytes of all files when unpacked, counted while they are; 1 GiB.</summary>
    public long MaxUnpackedBytes { get; init; } = 1L << 30;

    /// <summary>Files, folders and links.</summary>
    public int MaxEntries { get; init; } = 100_000;

    /// <summary>How many times its packed size an entry over 1 MiB may have unpacked. Source code packs 5 to 20 times; zeros pack 1,000 times.</summary>
    public int MaxRatio { get; init; } = 200;
}
