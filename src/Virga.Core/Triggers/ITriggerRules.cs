using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Core.Triggers;

/// <summary>What triggers may say: known to who runs them.</summary>
public interface ITriggerRules
{
    /// <summary>Refuses a spec that breaks a rule. Pure: whether its function exists is for others to know.</summary>
    /// <exception cref="ProblemException"><c>invalid-spec</c>, <c>out-of-scope</c>.</exception>
    void Check(TriggerName name, TriggerSpec spec);
}
