using System.Text.Json;
using LocalDapr;

namespace FindMe.Apps.Tests.Fuzzing;

/// <summary>Reads what apps and operators send to the local sidecar.</summary>
internal static class SidecarParsers
{
    private static readonly TemporaryFolder Folder = TemporaryFolder.UntilTheEnd();

    // An envelope that was taken is delivered: it must be one that an app can read, and whose trace can.
    public static void ReadEnvelope(byte[] body)
    {
        var source = new EventSource("app", "pubsub", "topic", CloudEvents.ContentType, new Dictionary<string, string>(), TraceContext.None);
        var envelope = CloudEvents.Envelope(source, body, DateTimeOffset.UnixEpoch, null);
        _ = CloudEvents.TraceOf(envelope);
        using var document = JsonDocument.Parse(envelope, Json.Document);
        Assert.Equal("topic", document.RootElement.GetProperty("topic").GetString());
    }

    public static void ReadRunFile(byte[] yaml)
    {
        var file = Path.Combine(Folder.Path, "dapr.yaml");
        File.WriteAllBytes(file, yaml);
        Assert.All(RunFile.Load(file).Apps, app => Assert.True(Path.IsPathFullyQualified(app.DirectoryPath)));
    }
}
