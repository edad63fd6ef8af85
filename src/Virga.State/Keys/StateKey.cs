using System.Text;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.State.Keys;

/// <summary>A key of shared state within its tenant and namespace.</summary>
/// <param name="Scope">Whose it is.</param>
/// <param name="Text">The key: 1 to <see cref="MaxBytes"/> bytes of UTF-8, without control characters.</param>
public readonly record struct StateKey(Scope Scope, string Text) : IComparable<StateKey>
{
    /// <summary>The greatest length, in bytes of UTF-8.</summary>
    public const int MaxBytes = 1024;

    /// <summary>What a valid key looks like, for error messages.</summary>
    public const string Rule = "1 to 1024 bytes of UTF-8 without control characters";

    /// <summary>What the platform's own keys begin with: inboxes and the like. Functions neither read nor write them; who administers the node may read them.</summary>
    public const char PlatformMark = '$';

    /// <summary>Whether it belongs to the platform.</summary>
    public bool IsReserved => Text is [PlatformMark, ..];

    /// <summary>Whether a text can be a key.</summary>
    public static bool IsValid(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxBytes || (text.Length * 3 > MaxBytes && Encoding.UTF8.GetByteCount(text) > MaxBytes))
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

        // A lone surrogate has no UTF-8: it would come back as another key.
        return !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') || text.EnumerateRunes().All(static rune => rune != Rune.ReplacementChar);
    }

    /// <summary>A key that a user gave.</summary>
    /// <exception cref="ProblemException"><c>invalid-key</c>.</exception>
    public static StateKey Require(Scope scope, string? text) =>
        IsValid(text) ? new StateKey(scope, text!) : throw new ProblemException(KnownProblems.InvalidKey($"The key '{ResourceName.Shorten(text)}' is not valid."));

    /// <summary>A key that a user gave for something of theirs.</summary>
    /// <exception cref="ProblemException"><c>invalid-key</c>; also for the platform's own keys.</exception>
    public static StateKey RequireUsers(Scope scope, string? text)
    {
        var key = Require(scope, text);
        return key.Text[0] != PlatformMark ? key : throw new ProblemException(KnownProblems.InvalidKey($"The key '{ResourceName.Shorten(text)}' is the platform's own: those begin with '{PlatformMark}'."));
    }

    /// <summary>Order by tenant, namespace, then key: the order of scans (<see cref="KeyOrder"/>).</summary>
    public int CompareTo(StateKey other)
    {
        var order = string.CompareOrdinal(Scope.Tenant.Value, other.Scope.Tenant.Value);
        order = order != 0 ? order : string.CompareOrdinal(Scope.Namespace.Value, other.Scope.Namespace.Value);
        return order != 0 ? order : KeyOrder.Compare(Text, other.Text);
    }

    /// <inheritdoc/>
    public bool Equals(StateKey other) =>
        string.Equals(Text, other.Text, StringComparison.Ordinal) && Scope.Namespace == other.Scope.Namespace && Scope.Tenant == other.Scope.Tenant;

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(Text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Scope == Scope.Default ? Text : $"{Scope}/{Text}";

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <(StateKey left, StateKey right) => left.CompareTo(right) < 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <=(StateKey left, StateKey right) => left.CompareTo(right) <= 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >(StateKey left, StateKey right) => left.CompareTo(right) > 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >=(StateKey left, StateKey right) => left.CompareTo(right) >= 0;
}
