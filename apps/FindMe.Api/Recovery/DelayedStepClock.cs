using System.ComponentModel.DataAnnotations;
using Dapr;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>How searches that wait are woken. Section <c>DelayedSteps</c> of the configuration; checked at start.</summary>
public sealed class DelayedStepOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "DelayedSteps";

    /// <summary>Time between two looks at what is due, 100 ms to 5 min; 5 s. A step is asked for so much late at most; each look costs one read of the store.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);
}

[OptionsValidator]
internal sealed partial class DelayedStepOptionsValidator : IValidateOptions<DelayedStepOptions>;

/// <summary>Asks for the steps of searches whose time has come. Every replica does; a step that is asked for twice is done once.</summary>
internal sealed partial class DelayedStepClock(DelayedSteps delayedSteps, IOptions<DelayedStepOptions> options, TimeProvider time, ILogger<DelayedStepClock> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var asked = await delayedSteps.PublishDueAsync(stoppingToken);
                if (asked > 0)
                {
                    LogAsked(logger, asked);
                }
            }
            catch (DaprException exception)
            {
                LogUnavailable(logger, options.Value.Interval, exception.Message);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                // Whatever it was, it must not end the app: a background service that throws does.
                LogUnread(logger, exception);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Asked for {Steps} steps of searches that waited.")]
    private static partial void LogAsked(ILogger logger, int steps);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to publish due steps; will retry in {Interval}: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, TimeSpan interval, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to publish due steps; will retry.")]
    private static partial void LogUnread(ILogger logger, Exception exception);
}

/// <summary>Registers the clock.</summary>
internal static class DelayedStepServices
{
    public static void AddDelayedSteps(this IServiceCollection services)
    {
        services.AddOptions<DelayedStepOptions>().BindConfiguration(DelayedStepOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DelayedStepOptions>, DelayedStepOptionsValidator>();
        services.AddHostedService<DelayedStepClock>();
    }
}
