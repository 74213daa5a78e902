using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Registers the sources of photos.</summary>
public static class SourceServices
{
    /// <summary>Registers the services that sources share, then one source per line, in the order in which the page shows them.</summary>
    /// <param name="services">The app's services.</param>
    public static void AddPhotoSources(this IServiceCollection services)
    {
        services.AddOptions<CollectOptions>().BindConfiguration(CollectOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<CollectOptions>, CollectOptionsValidator>();
        services.AddOutsideHttp();
        services.AddAccounts();

        services.AddAlbumSource();
        services.AddZipSource();
        services.AddHashtagSource();
        services.AddMastodonSource();
        services.AddBlueskySource();
        services.AddXSource();
    }
}
