using Dapr.Client;
using FindMe.Pipeline;

namespace FindMe.Apps.Tests;

/// <summary>Clients of a sidecar as the apps have them.</summary>
internal static class SidecarClients
{
    /// <summary>A client of one app's sidecar.</summary>
    /// <param name="sidecar">Where the sidecar's gRPC API listens.</param>
    /// <param name="token">The sidecar's API token; null: it has none.</param>
    /// <param name="handler">Sees every call on its way; null: nobody does.</param>
    public static DaprClient ClientOf(Uri sidecar, string? token = null, DelegatingHandler? handler = null)
    {
        var channel = DaprConnection.Channel(token);
        if (handler is not null)
        {
            channel.HttpClient = new HttpClient(handler);
        }

        return new DaprClientBuilder()
            .UseJsonSerializationOptions(PipelineJson.Options)
            .UseGrpcEndpoint(sidecar.GetLeftPart(UriPartial.Authority))
            .UseGrpcChannelOptions(channel)
            .Build();
    }
}
