namespace Virga.Execution.Sandboxes;

/// <summary>A sandbox could not be started or changed; the message says why and what to do.</summary>
internal sealed class SandboxException : Exception
{
    public SandboxException(string message)
        : base(message)
    {
    }

    public SandboxException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
