using Virga.Functions.Wire;

namespace Virga.Functions;

/// <summary>A large value as it came, under the version that it had.</summary>
internal sealed class KeptValue(string key, StateVersion version, WireValue value)
{
    public string Key => key;

    public StateVersion Version => version;

    public WireValue Value => value;

    public int Size => value.Content.Length;
}
