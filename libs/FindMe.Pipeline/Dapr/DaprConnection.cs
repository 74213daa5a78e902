using Dapr;
using Dapr.Client;
using Grpc.Net.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FindMe.Pipeline;

/// <summary>Registers the client of this app's sidecar, at the address that all Dapr SDKs use: <c>DAPR_GRPC_ENDPOINT</c>, or else <c>DAPR_GRPC_PORT</c>.</summary>
internal static class DaprConnection
{
    public static void AddDapr(this IServiceCollection services)
    {
        services.AddDaprClient((provider, dapr) => dapr
            .UseJsonSerializationOptions(PipelineJson.Options)
            .UseGrpcChannelOptions(Channel(provider.GetRequiredService<IConfiguration>()["DAPR_API_TOKEN"])));
        services.AddHostedService<WarmUp>();
    }

    /// <summary>Builds the options of the gRPC channel.</summary>
    /// <param name="token">The sidecar's API token; null or empty if it has none.</param>
    public static GrpcChannelOptions Channel(string? token)
    {
        // The sidecar is reached directly, and its address never changes.
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
        if (!string.IsNullOrEmpty(token))
        {
            // Set here for every call, because the SDK sends no token with bulk saves (https://github.com/dapr/dotnet-sdk/issues/1762).
            http.DefaultRequestHeaders.Add("dapr-api-token", token);
        }

        return new GrpcChannelOptions { HttpClient = http, DisposeHttpClient = true, ThrowOperationCanceledOnCancellation = true };
    }

    /// <summary>Makes a first call at start. It takes about 300 ms, which would otherwise delay the first event.</summary>
    private sealed class WarmUp(DaprClient dapr) : BackgroundService
    {
        private const int Attempts = 10;

        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            // Under `dapr run` an app may start before its sidecar.
            for (var attempt = 1; attempt <= Attempts; attempt++)
            {
                try
                {
                    await dapr.GetBulkStateAsync(StateKeys.Store, [StateKeys.WarmUp], stoppingToken);
                    return;
                }
                catch (DaprException)
                {
                    await Task.Delay(Interval, stoppingToken);
                }
            }
        }
    }
}
