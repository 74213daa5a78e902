using FindMe.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FindMe.Pipeline;

/// <summary>Adds to <see cref="AppDefaults"/> what the apps of the pipeline share: Dapr, the stored documents, and the key ring.</summary>
public static partial class PipelineDefaults
{
    private static readonly string[] Tokens = ["APP_API_TOKEN", "DAPR_API_TOKEN"];

    /// <summary>Registers Dapr, the stored documents and the key ring.</summary>
    /// <param name="builder">The app's builder.</param>
    public static void AddPipeline(this WebApplicationBuilder builder)
    {
        builder.Services.AddExceptionHandler<DaprFailures>();
        builder.Services.AddDapr();
        builder.Services.AddSingleton<InFlightEvents>();
        builder.Services.AddSingleton<Verdicts>();
        builder.Services.AddSingleton<PersonKeys>();
        builder.Services.AddSingleton<References>();
        builder.Services.AddSingleton<PersonDocuments>();
        builder.Services.AddSingleton<Judgements>();
        builder.Services.AddSingleton<Failures>();
        builder.AddKeyRing();
    }

    /// <summary>Maps <c>/dapr/subscribe</c> and protects Dapr's routes. Call it after <see cref="AppDefaults.MapAppDefaults"/>.</summary>
    /// <param name="app">The app.</param>
    public static void MapPipeline(this WebApplication app)
    {
        app.UseDaprRoutes();
        WarnOfMissingTokens(app);
        app.MapSubscriptions();
    }

    // On loopback, other programs and browsers of this machine can call the app. In a container only the sidecar can, so there is no warning.
    private static void WarnOfMissingTokens(WebApplication app)
    {
        var missing = Tokens.Where(name => string.IsNullOrEmpty(app.Configuration[name])).ToList();
        if (missing.Count > 0 && Loopback.IsOnLoopbackOnly(app.Configuration))
        {
            LogMissingTokens(app.Logger, string.Join(" and ", missing));
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Without {Missing}, every program on this machine can call this app's Dapr routes or its sidecar. Start with ./dapr-run, which creates tokens, or set both variables before `dapr run`.")]
    private static partial void LogMissingTokens(ILogger logger, string missing);
}
