using System.Diagnostics.CodeAnalysis;
using Virga.Core.Names;

namespace Virga.Topics.Names;

/// <summary>The name of a subscription: 1 to 255 characters without control characters.</summary>
public readonly record struct SubscriptionName
{
    /// <summary>The greatest length, in characters.</summary>
    public const int MaxLength = 255;

    private readonly string? _value;

    private SubscriptionName(string value) => _value = value;

    /// <summary>The name as text.</summary>
    public string Value => _value ?? throw new InvalidOperationException("This name was never set.");

    /// <summary>Reads a name; fails on anything that breaks the rule.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SubscriptionName name)
    {
        name = default;
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength)
        {
            return false;
        }

        foreach (var c in text)
        {
            if (char.IsControl(c))
            {
                return false;
            }
        }

        name = new SubscriptionName(text);
        return true;
    }

    /// <summary>Reads a name.</summary>
    /// <exception cref="FormatException">It breaks the rule.</exception>
    public static SubscriptionName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{ResourceName.Shorten(text)}' is no valid name of a subscription: 1 to {MaxLength} characters without control characters.");

    /// <inheritdoc/>
    public override string ToString() => _value ?? "";
}
