namespace Virga.Cli.Apply;

/// <summary>What a step of a plan does to a resource.</summary>
internal enum Change
{
    /// <summary>It is as wanted.</summary>
    None,

    /// <summary>It is there, but not as wanted.</summary>
    Update,

    /// <summary>It is not there.</summary>
    Create,
}
