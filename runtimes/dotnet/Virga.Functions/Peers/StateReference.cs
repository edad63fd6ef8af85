using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Functions;

/// <summary>
/// Stands for the value under a key of shared state, anywhere in the argument of a call: the called function finds the value in its place, from the
/// cache of the node that it runs on.
/// </summary>
[JsonConverter(typeof(StateReferenceConverter))]
public sealed class StateReference
{
    private StateReference(string key) => Key = key;

    /// <summary>The key.</summary>
    public string Key { get; }

    /// <summary>A reference to a key.</summary>
    /// <param name="key">The key.</param>
    public static StateReference To(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return new StateReference(key);
    }

    /// <inheritdoc/>
    public override string ToString() => $"reference to {Key}";
}
