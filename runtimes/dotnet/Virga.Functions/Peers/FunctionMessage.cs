using System.Text.Json;
using Virga.Functions.Wire;

namespace Virga.Functions;

/// <summary>What another running call has sent.</summary>
public sealed class FunctionMessage
{
    private readonly WireValue value;

    internal FunctionMessage(string sender, WireValue value)
    {
        Sender = sender;
        this.value = value;
    }

    /// <summary>The id of the call that sent it: answer with <see cref="Context.SendAsync"/>.</summary>
    public string Sender { get; }

    /// <summary>The message: text as a string, bytes as <c>byte[]</c>, JSON as any type.</summary>
    /// <typeparam name="T">What to read.</typeparam>
    /// <exception cref="InvalidOperationException">The message is text or bytes, and was asked for as something else.</exception>
    /// <exception cref="JsonException">The message's JSON does not fit.</exception>
    public T? Value<T>() => value.As<T>();
}
