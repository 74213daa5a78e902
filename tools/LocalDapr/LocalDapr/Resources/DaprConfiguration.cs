using System.Globalization;

namespace LocalDapr;

/// <summary>The supported part of a Dapr Configuration file.</summary>
/// <param name="HasTracing">Whether <c>spec.tracing.samplingRate</c> is above 0, which makes the sidecar trace every request.</param>
public sealed record DaprConfiguration(bool HasTracing)
{
    /// <summary>Reads a configuration.</summary>
    /// <param name="path">The YAML file.</param>
    /// <exception cref="SidecarConfigurationException">The file cannot be read, has no Configuration, or an invalid sampling rate.</exception>
    public static DaprConfiguration Load(string path)
    {
        var document = YamlDocuments.Load(path).FirstOrDefault(document => document.Text("kind") == "Configuration")
            ?? throw new SidecarConfigurationException($"{path} has no document of kind Configuration.");
        var rate = document.Mapping("spec").Mapping("tracing").Text("samplingRate") ?? "0";
        return double.TryParse(rate, CultureInfo.InvariantCulture, out var number)
            ? new DaprConfiguration(number > 0)
            : throw new SidecarConfigurationException($"{path}: samplingRate '{rate}' is not a number.");
    }
}
