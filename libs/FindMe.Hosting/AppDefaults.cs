using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace FindMe.Hosting;

/// <summary>What every web app of FindMe has: health, problems in the terms of RFC 9457, telemetry, an end with its parent.</summary>
public static partial class AppDefaults
{
    /// <summary>Where the sidecar and the platform ask whether an app is well.</summary>
    internal const string HealthPath = "/healthz";

    /// <summary>Registers it.</summary>
    /// <param name="builder">The app's builder.</param>
    public static void AddAppDefaults(this WebApplicationBuilder builder)
    {
        // The lowest of all sources: whatever the operator sets counts. Otherwise a console shows an endpoint for each health probe.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
                ["Logging:LogLevel:System.Net.Http"] = "Warning",
            },
        });

        // Logging__Console__FormatterName=json makes each line an object with its trace, for machines that read.
        builder.Services.Configure<SimpleConsoleFormatterOptions>(console => console.SingleLine = true);
        // Without a name the formatter's options are overwritten by those of older versions, and every message takes two lines.
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.FormatterName ??= ConsoleFormatterNames.Simple);
        // These write addresses with their queries: the way back from a network's sign-in holds a code there, and the way to it a state.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Http.Result", LogLevel.Warning);
        builder.AddTelemetry();
        builder.AddLocalHostNames();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Services.AddProblemDetails(problems => problems.CustomizeProblemDetails = Explain);
        builder.Services.AddHealthChecks();
        builder.Services.ConfigureHttpJsonOptions(json => AppJson.Configure(json.SerializerOptions));
        builder.Services.AddSingleton(TimeProvider.System);
        if (builder.Configuration.GetValue<bool>("ExitWithParent"))
        {
            builder.Services.AddHostedService<ExitWithParent>();
        }
    }

    /// <summary>Maps <c>/healthz</c>, and turns what is thrown into problems.</summary>
    /// <param name="app">The app.</param>
    public static void MapAppDefaults(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.MapHealthChecks(HealthPath).DisableRateLimiting();
    }

    // What the framework answers where no endpoint does has no slug and no way out of its own.
    private static void Explain(ProblemDetailsContext context)
    {
        if (context.ProblemDetails.Detail is not null)
        {
            return;
        }

        (context.ProblemDetails.Type, context.ProblemDetails.Title, context.ProblemDetails.Detail) = context.ProblemDetails.Status switch
        {
            StatusCodes.Status400BadRequest => ("bad-request", "The request cannot be read.", "Send what GET /openapi/v1.json describes."),
            StatusCodes.Status404NotFound => ("not-found", "There is nothing here.", "GET /openapi/v1.json lists what there is."),
            StatusCodes.Status405MethodNotAllowed => ("wrong-method", $"There is nothing to {context.HttpContext.Request.Method} here.", "GET /openapi/v1.json lists what there is."),
            StatusCodes.Status413PayloadTooLarge => ("too-large", "The request is too large.", "Send less; FindMe's own page never sends so much."),
            StatusCodes.Status415UnsupportedMediaType => ("wrong-content-type", "The request is of a content type that is not taken here.", "Send what GET /openapi/v1.json describes, with its Content-Type."),
            _ => (context.ProblemDetails.Type, context.ProblemDetails.Title, context.ProblemDetails.Detail),
        };
    }

    /// <summary>Ends the app when whoever started it closes its standard input, be it by dying: no process is left behind.</summary>
    private sealed partial class ExitWithParent(IHostApplicationLifetime lifetime, ILogger<ExitWithParent> logger) : IHostedService
    {
        private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

        public Task StartAsync(CancellationToken cancellationToken)
        {
            new Thread(WaitForEndOfInput) { IsBackground = true, Name = "Exit with parent" }.Start();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private void WaitForEndOfInput()
        {
            using var input = Console.OpenStandardInput();
            var buffer = new byte[256];
            while (input.Read(buffer) > 0)
            {
            }

            LogParentGone(logger);
            lifetime.StopApplication();
            // Whatever hangs in the shutdown must not outlive the parent: its ports are wanted again.
            Thread.Sleep(Timeout);
            Process.GetCurrentProcess().Kill();
        }

        [LoggerMessage(Level = LogLevel.Information, Message = "Standard input is closed: the parent is gone, so this app ends.")]
        private static partial void LogParentGone(ILogger logger);
    }
}
