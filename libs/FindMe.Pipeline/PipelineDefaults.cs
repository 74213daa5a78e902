using FindMe.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FindMe.Pipeline;

/// <summary>What an app of the pipeline has besides <see cref="AppDefaults"/>: Dapr, the documents that the apps share, and the key ring.</summary>
public static partial class PipelineDefaults
{
    private static readonly string[] Tokens = ["APP_API_TOKEN", "DAPR_API_TOKEN"];

    /// <summary>Registers it.</summary>
    /// <param name="builder">The app's builder.</param>
    public static void AddPipeline(this WebApplicationBuilder builder)
    {
        builder.Services.AddExceptionHandler<DaprFailures>();
        builder.Services.AddDapr();
        builder.Services.AddSingleton<EventsAtWork>();
        builder.Services.AddSingleton<Verdicts>();
        builder.Services.AddSingleton<PersonKeys>();
        builder.Services.AddSingleton<References>();
        builder.Services.AddSingleton<PersonDocuments>();
        builder.Services.AddSingleton<Judgements>();
        builder.Services.AddSingleton<Failures>();
        builder.AddKeyRing();
    }

    /// <summary>Maps <c>/dapr/subscribe</c>, and keeps Dapr's routes for Dapr. Belongs after <see cref="AppDefaults.MapAppDefaults"/>.</summary>
    /// <param name="app">The app.</param>
    public static void MapPipeline(this WebApplication app)
    {
        app.UseDaprRoutes();
        WarnOfMissingTokens(app);
        app.MapSubscriptions();
    }

    // Where only this machine reaches the app, its other programs and its browser are who might. In containers nothing but the sidecar is beside it.
    private static void WarnOfMissingTokens(WebApplication app)
    {
        var missing = Tokens.Where(name => string.IsNullOrEmpty(app.Configuration[name])).ToList();
        if (missing.Count > 0 && Loopback.IsOnLoopbackOnly(app.Configuration))
        {
            LogMissingTokens(app.Logger, string.Join(" and no ", missing));
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "There is no {Missing}: every program on this machine can call this app's Dapr routes or its sidecar. Start with ./dapr-run, which creates tokens, or set both variables before `dapr run`.")]
    private static partial void LogMissingTokens(ILogger logger, string missing);
}
