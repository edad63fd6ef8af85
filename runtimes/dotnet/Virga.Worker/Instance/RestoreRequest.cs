namespace Virga.Worker.Instance;

/// <summary>The header of RESTORE: this worker is one of several clones.</summary>
internal sealed record RestoreRequest
{
    /// <summary>Random bytes that no other clone got.</summary>
    public byte[] Entropy { get; init; } = [];

    /// <summary>The name of the node that it runs on now.</summary>
    public string Node { get; init; } = string.Empty;
}
