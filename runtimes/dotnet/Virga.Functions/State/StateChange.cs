using System.Text.Json;
using Virga.Functions.Wire;

namespace Virga.Functions;

/// <summary>A key that has changed.</summary>
public sealed class StateChange
{
    private readonly WireValue value;

    internal StateChange(string key, WireValue? value)
    {
        Key = key;
        IsDeleted = value is null;
        this.value = value ?? default;
    }

    /// <summary>The key.</summary>
    public string Key { get; }

    /// <summary>Whether the key was deleted.</summary>
    public bool IsDeleted { get; }

    /// <summary>What the key holds now: text as a string, bytes as <c>byte[]</c>, JSON as any type; the default when it was deleted.</summary>
    /// <typeparam name="T">What to read.</typeparam>
    /// <exception cref="InvalidOperationException">The value is text or bytes, and was asked for as something else.</exception>
    /// <exception cref="JsonException">The value's JSON does not fit.</exception>
    public T? Value<T>() => IsDeleted ? default : value.As<T>();
}
