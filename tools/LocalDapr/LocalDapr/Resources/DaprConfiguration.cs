using System.Globalization;

namespace LocalDapr;

/// <summary>A YAML document of kind Configuration, as far as the sidecar reads one.</summary>
/// <param name="HasTracing">Whether <c>spec.tracing.samplingRate</c> is above 0; the local sidecar then hands every trace on.</param>
public sealed record DaprConfiguration(bool HasTracing)
{
    /// <summary>Reads a configuration.</summary>
    /// <param name="path">The YAML file.</param>
    /// <exception cref="SidecarConfigurationException">The file cannot be read, holds no Configuration, or its sampling rate is no number.</exception>
    public static DaprConfiguration Load(string path)
    {
        var document = YamlDocuments.Load(path).FirstOrDefault(document => document.Text("kind") == "Configuration")
            ?? throw new SidecarConfigurationException($"{path} holds no Configuration.");
        var rate = document.Mapping("spec").Mapping("tracing").Text("samplingRate") ?? "0";
        return double.TryParse(rate, CultureInfo.InvariantCulture, out var number)
            ? new DaprConfiguration(number > 0)
            : throw new SidecarConfigurationException($"{path}: samplingRate '{rate}' is no number.");
    }
}
