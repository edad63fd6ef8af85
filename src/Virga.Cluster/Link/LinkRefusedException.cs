namespace Virga.Cluster.Link;

/// <summary>The other end of a connection is not who it must be, speaks another version, or breaks the protocol.</summary>
internal sealed class LinkRefusedException(string message, Exception? inner = null) : Exception(message, inner);
