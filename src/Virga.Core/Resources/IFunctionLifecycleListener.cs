namespace Virga.Core.Resources;

/// <summary>Hears when function versions stop taking traffic.</summary>
public interface IFunctionLifecycleListener
{
    /// <summary>A version is no longer reached by any call: its instances may finish what they do and end.</summary>
    void VersionRetired(FunctionVersion version);
}
