namespace Virga.Execution.Sandboxes;

/// <summary>How bubblewrap is used.</summary>
/// <param name="UserNamespace">By a user namespace, as a node without root must; otherwise root makes the namespaces and gives up its rights.</param>
/// <param name="MountsPackages">Packages are mounted into the running sandbox; otherwise they are linked.</param>
internal sealed record BubblewrapMode(bool UserNamespace, bool MountsPackages)
{
    /// <summary>Ways to try, the best first.</summary>
    internal static IReadOnlyList<BubblewrapMode> For(bool isRoot) =>
        isRoot
            ? [new(UserNamespace: false, MountsPackages: true), new(UserNamespace: false, MountsPackages: false), new(UserNamespace: true, MountsPackages: false)]
            : [new(UserNamespace: true, MountsPackages: false)];
}
