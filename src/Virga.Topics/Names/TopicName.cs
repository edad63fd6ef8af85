using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Virga.Core.Names;

namespace Virga.Topics.Names;

/// <summary>
/// The full name of a topic or of one partition of it: <c>persistent://TENANT/NAMESPACE/NAME</c>, <c>non-persistent://…</c>, a partition with <c>-partition-N</c> at its end.
/// Names follow Pulsar's rules, so that its clients can use every name that they can make; its tenant <c>public</c>, which they fill in where none is named, is our <c>default</c>.
/// </summary>
public readonly record struct TopicName
{
    /// <summary>The greatest length of a local name, in characters.</summary>
    public const int MaxLocalLength = 255;

    /// <summary>The greatest length of a tenant's or namespace's name, in characters.</summary>
    public const int MaxScopeLength = 63;

    /// <summary>What a valid name looks like, for error messages.</summary>
    public const string Rule = "NAME, TENANT/NAMESPACE/NAME or persistent://TENANT/NAMESPACE/NAME, where a tenant and a namespace are 1 to 63 letters, digits or any of -=:._, and a name is 1 to 255 characters without '/', white space or control characters";

    private const string PartitionMark = "-partition-";
    private const string PersistentPrefix = "persistent://";
    private const string NonPersistentPrefix = "non-persistent://";
    private const string PulsarTenant = "public";

    private readonly string? _text;

    private TopicName(TopicDomain domain, string tenant, string space, string local)
    {
        Domain = domain;
        Tenant = tenant;
        Namespace = space;
        Local = local;
        Partition = PartitionOf(local);
        _text = $"{(domain == TopicDomain.Persistent ? PersistentPrefix : NonPersistentPrefix)}{tenant}/{space}/{local}";
    }

    /// <summary>Whether it keeps its messages.</summary>
    public TopicDomain Domain { get; }

    /// <summary>Who owns it.</summary>
    public string Tenant { get; }

    /// <summary>Where within the tenant.</summary>
    public string Namespace { get; }

    /// <summary>The name within the namespace, with the mark of a partition where it is one.</summary>
    public string Local { get; }

    /// <summary>Which partition it is, from 0; -1 where it is none.</summary>
    public int Partition { get; }

    /// <summary>Whether it is one partition of a topic.</summary>
    public bool IsPartition => Partition >= 0;

    /// <summary>Whether it keeps its messages.</summary>
    public bool IsPersistent => Domain == TopicDomain.Persistent;

    /// <summary>The topic that it is a partition of; itself where it is none.</summary>
    public TopicName Whole => IsPartition ? new TopicName(Domain, Tenant, Namespace, Local[..Local.LastIndexOf(PartitionMark, StringComparison.Ordinal)]) : this;

    /// <summary>One partition of this topic.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <exception cref="InvalidOperationException">It is a partition already.</exception>
    public TopicName OfPartition(int index)
    {
        if (IsPartition)
        {
            throw new InvalidOperationException($"{this} is a partition itself.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return new TopicName(Domain, Tenant, Namespace, string.Create(CultureInfo.InvariantCulture, $"{Local}{PartitionMark}{index}"));
    }

    /// <summary>Another topic of the same domain and namespace, such as one for dead letters.</summary>
    /// <param name="local">Its local name; follows the rule for those.</param>
    public TopicName Sibling(string local) => IsValidLocal(local) ? new TopicName(Domain, Tenant, Namespace, local) : throw new FormatException(Refusal(local));

    /// <summary>Reads a full name, <c>TENANT/NAMESPACE/NAME</c>, or a local one that lies in the scope given.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, Scope scope, out TopicName name)
    {
        name = default;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var domain = TopicDomain.Persistent;
        var rest = text;
        if (text.StartsWith(PersistentPrefix, StringComparison.Ordinal))
        {
            rest = text[PersistentPrefix.Length..];
        }
        else if (text.StartsWith(NonPersistentPrefix, StringComparison.Ordinal))
        {
            domain = TopicDomain.NonPersistent;
            rest = text[NonPersistentPrefix.Length..];
        }

        var parts = rest.Split('/');
        if (parts.Length == 1 && rest.Length == text.Length)
        {
            parts = [scope.Tenant.Value, scope.Namespace.Value, rest];
        }

        if (parts.Length != 3 || !IsValidScope(parts[0]) || !IsValidScope(parts[1]) || !IsValidLocal(parts[2]))
        {
            return false;
        }

        name = new TopicName(domain, Own(parts[0]), parts[1], parts[2]);
        return true;
    }

    /// <summary>Reads a name as <see cref="TryParse"/> does.</summary>
    /// <exception cref="FormatException">It breaks <see cref="Rule"/>.</exception>
    public static TopicName Parse(string text, Scope scope) => TryParse(text, scope, out var name) ? name : throw new FormatException(Refusal(text));

    /// <summary>Reads a name whose tenant and namespace are those of who names none.</summary>
    /// <exception cref="FormatException">It breaks <see cref="Rule"/>.</exception>
    public static TopicName Parse(string text) => Parse(text, Scope.Default);

    /// <summary>The tenant of a name that a Pulsar client uses, as it is called here.</summary>
    public static string Own(string tenant) => tenant == PulsarTenant ? ResourceName.Default.Value : tenant;

    /// <inheritdoc/>
    public bool Equals(TopicName other) => string.Equals(_text, other._text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => _text is null ? 0 : string.GetHashCode(_text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => _text ?? "";

    private static string Refusal(string text) => $"'{ResourceName.Shorten(text)}' is no valid name of a topic: {Rule}.";

    private static int PartitionOf(string local)
    {
        var at = local.LastIndexOf(PartitionMark, StringComparison.Ordinal);
        if (at <= 0)
        {
            return -1;
        }

        var digits = local.AsSpan(at + PartitionMark.Length);
        var isCanonical = digits.Length is > 0 and <= 6 && (digits.Length == 1 || digits[0] != '0');
        return isCanonical && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var partition) ? partition : -1;
    }

    private static bool IsValidScope(string text)
    {
        if (text.Length is 0 or > MaxScopeLength)
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '=' or ':' or '.' or '_'))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsValidLocal(string text)
    {
        if (text.Length is 0 or > MaxLocalLength)
        {
            return false;
        }

        foreach (var c in text)
        {
            if (c == '/' || char.IsWhiteSpace(c) || char.IsControl(c))
            {
                return false;
            }
        }

        return true;
    }
}
