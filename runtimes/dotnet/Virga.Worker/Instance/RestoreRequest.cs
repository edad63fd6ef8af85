namespace Virga.Worker.Instance;

/// <summary>The header of RESTORE: this worker is one of several clones.</summary>
internal sealed record RestoreRequest
{
    /// <summary>Random bytes that no other clone got.</summary>
    public byte[] Entropy { get; init; } = [];
}
