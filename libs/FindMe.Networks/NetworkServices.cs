using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Registers what Api and Collect both know of the networks.</summary>
public static class NetworkServices
{
    /// <summary>Registers the networks' options, which are checked at start.</summary>
    /// <param name="services">The app's services.</param>
    public static void AddNetworkOptions(this IServiceCollection services)
    {
        services.AddOptions<MastodonOptions>().BindConfiguration(MastodonOptions.Section).ValidateOnStart()
            .Validate(
                options => options.Instances.All(instance => MastodonOptions.AddressOf(instance) is not null),
                "Sources:Mastodon:Instances holds something that is no address of an instance.");
        services.AddSingleton<IValidateOptions<MastodonOptions>, MastodonOptionsValidator>();
        services.AddOptions<BlueskyOptions>().BindConfiguration(BlueskyOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<BlueskyOptions>, BlueskyOptionsValidator>();
        services.AddOptions<XOptions>().BindConfiguration(XOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<XOptions>, XOptionsValidator>();
    }
}
