using System.ComponentModel.DataAnnotations;

namespace LocalDapr.Tests.Faults;

public sealed class FaultPresetsTests
{
    [Fact]
    public void A_command_line_names_presets_and_a_seed()
    {
        Assert.Equal(new FaultPlan { DuplicateEvery = 3 }, FaultPlan.Parse("duplicates"));
        Assert.Equal(new FaultPlan { Seed = -7, ReorderEvery = 3, DelayEvery = 5 }, FaultPlan.Parse("reorder,delay:-7"));
        Assert.Equal(FaultPlan.All(11), FaultPlan.Parse("all:11"));
        Assert.Equal(["duplicates", "reorder", "delay", "lost-acks", "conflicts", "state-errors", "publish-errors", "slow-state"], FaultPresets.Names);
    }

    [Theory]
    [InlineData("")]
    [InlineData("everything")]
    [InlineData("all,duplicates")]
    [InlineData("duplicates:soon")]
    [InlineData("duplicates:1:2")]
    public void What_is_no_preset_is_refused_with_the_names_that_are(string text)
    {
        var refusal = Assert.Throws<FormatException>(() => FaultPlan.Parse(text));

        Assert.StartsWith($"Unknown fault '{text}': give duplicates, reorder,", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_out_of_its_range_is_refused()
    {
        Refused(new FaultPlan { DuplicateEvery = -1 }, nameof(FaultPlan.DuplicateEvery));
        Refused(new FaultPlan { Delay = TimeSpan.Zero }, nameof(FaultPlan.Delay));
        Refused(new FaultPlan { ConflictEvery = 3, ConflictRun = 3 }, "no conditional write ever succeeds");

        static void Refused(FaultPlan plan, string message)
        {
            var refusal = Assert.Throws<ValidationException>(() => new FaultInjection { Plan = plan });
            Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
        }
    }
}
