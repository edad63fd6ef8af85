namespace Virga.Execution.Sandboxes;

/// <summary>What a gVisor sandbox has in its instance's scratch folder.</summary>
internal sealed class GvisorFiles(string scratch)
{
    /// <summary>The container's name. It is alone in its state folder.</summary>
    internal const string Container = "w";

    // sockaddr_un holds 107 characters. With a longer path runsc would put its socket where all nodes of the machine meet.
    private const int LongestSocketPath = 107;

    /// <summary>Holds <c>config.json</c>.</summary>
    internal string Bundle { get; } = Path.Combine(scratch, "bundle");

    /// <summary>Where runsc keeps what it knows of the container, and its control socket.</summary>
    internal string State { get; } = Path.Combine(scratch, "state");

    /// <summary>A link to the snapshot's image, once it is known.</summary>
    internal string Image { get; } = Path.Combine(scratch, "image");

    /// <summary>A pipe; a line in it lets a prepared sandbox go on.</summary>
    internal string Gate { get; } = Path.Combine(scratch, "gate");

    /// <summary>runsc's own record of the container.</summary>
    internal string Record => Path.Combine(State, $"{Container}_sandbox:{Container}.state");

    /// <exception cref="SandboxException">The scratch folder's path is too long.</exception>
    internal void CheckLength()
    {
        string socket = Path.Combine(State, $"runsc-{Container}.sock");
        if (socket.Length > LongestSocketPath)
        {
            throw new SandboxException($"The path {socket} is {socket.Length - LongestSocketPath} characters too long for gvisor's control socket; use a data folder with a shorter path.");
        }
    }
}
