using FindMe.Faces;
using Microsoft.Extensions.Options;

namespace FindMe.Vision;

/// <summary>Registers the face engine, one instance for all requests.</summary>
internal static class EngineServices
{
    public static void AddFaceEngine(this IServiceCollection services)
    {
        services.AddOptions<FaceEngineOptions>().BindConfiguration(FaceEngineOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => new Lazy<FaceEngine>(() => FaceEngine.Load(provider.GetRequiredService<IOptions<FaceEngineOptions>>().Value)));
        services.AddHostedService<EngineStart>();
    }

    /// <summary>Loads the models at start. Stops the app with one clear line if they are missing.</summary>
    private sealed class EngineStart(Lazy<FaceEngine> engine) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.Run(() => _ = engine.Value, cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken)
        {
            if (engine.IsValueCreated)
            {
                engine.Value.Dispose();
            }

            return Task.CompletedTask;
        }
    }
}
