using Virga.Core.Names;

namespace Virga.Composition.Messages;

/// <summary>The id of a running call as functions pass it around: <c>NODE.INVOCATION</c>.</summary>
/// <param name="Node">Where it runs.</param>
/// <param name="Invocation">Which call it is.</param>
internal readonly record struct CallAddress(NodeName Node, InvocationId Invocation)
{
    /// <summary>Reads one.</summary>
    public static bool TryParse(string text, out CallAddress address)
    {
        address = default;
        var dot = text.LastIndexOf('.');
        if (dot < 0 || !InvocationId.TryParse(text.AsSpan(dot + 1), out var invocation) || !ResourceName.TryParse(text[..dot], out var node))
        {
            return false;
        }

        address = new CallAddress(new NodeName(node), invocation);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Node}.{Invocation}";
}
