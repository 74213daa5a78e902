using System.Security.Cryptography;
using Dapr;
using Dapr.Client;
using FindMe.Hosting;
using FindMe.Pipeline;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Logs an error when the key ring can no longer decrypt earlier data, which a new and empty ring would otherwise hide.</summary>
internal sealed partial class KeyRingCheck(
    DaprClient dapr, IDataProtectionProvider protection, IOptions<KeyRingOptions> options, TimeProvider time, ILogger<KeyRingCheck> logger) : BackgroundService
{
    // The sidecar may start after the app.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly IDataProtector _protector = protection.CreateProtector("FindMe.KeyRingCheck.v1");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await CheckAsync(stoppingToken);
                return;
            }
            catch (DaprException)
            {
                await Task.Delay(RetryDelay, time, stoppingToken);
            }
        }
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var known = await dapr.GetStateAsync<EncryptedSample>(StateKeys.Store, StateKeys.KeyRingSample, cancellationToken);
        try
        {
            if (known is not null)
            {
                _protector.Unprotect(Convert.FromBase64String(known.Sample));
            }

            // Expires with the newest data that this ring encrypted. A sample that cannot be decrypted stays until then, and is reported at every start.
            var sample = known ?? new EncryptedSample(Convert.ToBase64String(_protector.Protect([1])));
            await dapr.SaveStateAsync(StateKeys.Store, StateKeys.KeyRingSample, sample, Person.Retention, cancellationToken);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException or System.Xml.XmlException or InvalidOperationException)
        {
            LogLost(logger, options.Value.Path.Length > 0 ? options.Value.Path : "the user's profile", exception.Message);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "The key ring in {Path} cannot decrypt earlier data ({Reason}). References can no longer be read, so people must add their selfies again, and everybody is signed out. If the ring was moved, put it back and restart; if a vault wraps it, check that the vault answers.")]
    private static partial void LogLost(ILogger logger, string path, string reason);

    /// <summary>An encrypted sample; its content does not matter.</summary>
    private sealed record EncryptedSample(string Sample) : Document;
}
