using System.Text.RegularExpressions;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Topics.Names;

namespace Virga.Topics.Clients;

/// <summary>Which topics a consumer consumes.</summary>
public abstract record TopicSelection
{
    private TopicSelection()
    {
    }

    /// <summary>One topic.</summary>
    public static TopicSelection Of(TopicName topic) => new Names([topic]);

    /// <summary>Several topics.</summary>
    public static TopicSelection Of(IReadOnlyList<TopicName> topics) => new Names(topics);

    /// <summary>Every topic of a namespace that a regular expression matches, now and later.</summary>
    /// <param name="pattern">Matches the local name as a whole, or the full name where it begins with <c>persistent://</c> or <c>non-persistent://</c> (then tenant and namespace are plain text).</param>
    /// <param name="scope">The namespace of a pattern that names none.</param>
    /// <exception cref="ProblemException"><c>invalid-request</c>: it is no regular expression, or names no namespace.</exception>
    public static TopicSelection Matching(string pattern, Scope scope) => Pattern.Parse(pattern, scope);

    /// <summary>Topics by their names.</summary>
    /// <param name="Topics">As wholes, or single partitions.</param>
    public sealed record Names(IReadOnlyList<TopicName> Topics) : TopicSelection;

    /// <summary>Topics by a pattern.</summary>
    /// <param name="Tenant">In which tenant.</param>
    /// <param name="Namespace">In which namespace.</param>
    /// <param name="Domain">Of which domain; null for both.</param>
    /// <param name="Local">What their local names match as a whole.</param>
    public sealed record Pattern(string Tenant, string Namespace, TopicDomain? Domain, Regex Local) : TopicSelection
    {
        private const string Persistent = "persistent://";
        private const string NonPersistent = "non-persistent://";

        // A pattern of a user's runs without backtracking, so that none takes longer than the name is long.
        private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

        /// <summary>Whether a topic is meant; a partition is by the name of its whole.</summary>
        public bool Matches(TopicName topic) =>
            topic.Tenant == Tenant && topic.Namespace == Namespace && (Domain is null || Domain == topic.Domain) && Local.IsMatch(topic.Whole.Local);

        internal static Pattern Parse(string pattern, Scope scope)
        {
            var (domain, rest) = pattern.StartsWith(Persistent, StringComparison.Ordinal) ? ((TopicDomain?)TopicDomain.Persistent, pattern[Persistent.Length..])
                : pattern.StartsWith(NonPersistent, StringComparison.Ordinal) ? (TopicDomain.NonPersistent, pattern[NonPersistent.Length..])
                : (null, pattern);
            var (tenant, space, local) = (scope.Tenant.Value, scope.Namespace.Value, rest);
            if (domain is not null)
            {
                var parts = rest.Split('/', 3);
                if (parts.Length != 3)
                {
                    throw Invalid(pattern, "it names no tenant and namespace");
                }

                (tenant, space, local) = (TopicName.Own(parts[0]), parts[1], parts[2]);
            }

            try
            {
                // By itself first, so that what is wrong is told of what the user wrote; `a)(b` is right only with the rest around it.
                _ = new Regex(local, Options, TimeSpan.FromSeconds(1));
                return new Pattern(tenant, space, domain, new Regex($"^(?:{local})$", Options, TimeSpan.FromSeconds(1)));
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException)
            {
                throw Invalid(pattern, e.Message.TrimEnd('.'), e);
            }
        }

        private static ProblemException Invalid(string pattern, string why, Exception? inner = null) =>
            new(KnownProblems.InvalidRequest($"The pattern '{ResourceName.Shorten(pattern)}' cannot be used: {why}.", "Write a regular expression such as orders-.* or persistent://TENANT/NAMESPACE/orders-.*, without look-around and back-references."), inner);
    }
}
