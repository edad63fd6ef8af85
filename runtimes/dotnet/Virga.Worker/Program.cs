using Virga.Functions;
using Virga.Worker.Calls;
using Virga.Worker.Channel;
using Virga.Worker.Instance;
using Virga.Worker.Logs;
using Virga.Worker.Native;

// The channel moves to descriptors of its own before any code can print: what reaches 1 afterwards goes to 2, and whoever
// reads 0 finds it empty.
int input = Posix.Duplicate(0);
int output = Posix.Duplicate(1);
Posix.Redirect(from: 1, to: 2);
int nothing = Posix.OpenNull();
Posix.Redirect(from: 0, to: nothing);
Posix.Close(nothing);

var writer = new FrameWriter(output);
var instance = new WorkerInstance(writer);
CallConsole.Install(writer);
AppDomain.CurrentDomain.UnhandledException += (_, failure) =>
{
    Call.Current?.Prints.FlushIfAny();
    LogFrame.Send(writer, Call.Current?.Id ?? 0, LogLevel.Error, $"Unhandled exception: {failure.ExceptionObject}");
};

Rehearser.Rehearse();
instance.SayHello();
new ReaderRelay(new FrameReader(input), instance, StopOnBadFrame).Run();
return 0;

void StopOnBadFrame(Exception exception)
{
    LogFrame.Send(writer, 0, LogLevel.Error, $"The worker stops: {exception}");
    Posix.ExitNow(70);
}
