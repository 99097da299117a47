// Runs Steinberg's VST3 test classes on one bundle: `vst3-driver BUNDLE`. Prints a line a test, what
// a failed one has to say, and in the end `N passed, N failed`.

#include "pluginterfaces/base/ustring.h"
#include "pluginterfaces/vst/vstspeaker.h"
#include "public.sdk/source/vst/hosting/hostclasses.h"
#include "public.sdk/source/vst/hosting/module.h"
#include "public.sdk/source/vst/hosting/plugprovider.h"
#include "public.sdk/source/vst/testsuite/vsttestsuite.h"
#include "public.sdk/source/vst/utility/stringconvert.h"

#include <cstdio>
#include <string>
#include <vector>

// The SDK declares these ids and leaves it to the host to define them.
namespace Steinberg {
DEF_CLASS_IID (ITest)
DEF_CLASS_IID (ITestResult)
} // namespace Steinberg

using namespace Steinberg;
using namespace Steinberg::Vst;

namespace {

/// Keeps what a test says until it is known whether anybody wants to read it.
class Notes : public ITestResult
{
public:
	void PLUGIN_API addErrorMessage (const tchar* text) override { add ("error: ", text); }
	void PLUGIN_API addMessage (const tchar* text) override { add ("", text); }

	tresult PLUGIN_API queryInterface (const TUID id, void** object) override
	{
		if (FUnknownPrivate::iidEqual (id, ITestResult::iid) ||
		    FUnknownPrivate::iidEqual (id, FUnknown::iid))
		{
			*object = this;
			return kResultOk;
		}
		*object = nullptr;
		return kNoInterface;
	}
	uint32 PLUGIN_API addRef () override { return 1; }
	uint32 PLUGIN_API release () override { return 1; }

	std::vector<std::string> lines;

private:
	void add (const char* sort, const tchar* text)
	{
		lines.push_back (sort + StringConvert::convert (reinterpret_cast<const char16_t*> (text)));
	}
};

/// What hosts give every controller before anything else, and some wrappers rely on.
class Handler : public IComponentHandler
{
public:
	tresult PLUGIN_API beginEdit (ParamID) override { return kResultOk; }
	tresult PLUGIN_API performEdit (ParamID, ParamValue) override { return kResultOk; }
	tresult PLUGIN_API endEdit (ParamID) override { return kResultOk; }
	tresult PLUGIN_API restartComponent (int32) override { return kResultOk; }

	tresult PLUGIN_API queryInterface (const TUID id, void** object) override
	{
		if (FUnknownPrivate::iidEqual (id, IComponentHandler::iid) ||
		    FUnknownPrivate::iidEqual (id, FUnknown::iid))
		{
			*object = this;
			return kResultOk;
		}
		*object = nullptr;
		return kNoInterface;
	}
	uint32 PLUGIN_API addRef () override { return 1; }
	uint32 PLUGIN_API release () override { return 1; }
};

Handler handler;

/// Gives every test a component of its own, set up as a host does and terminated after it.
class Provider : public PlugProvider
{
public:
	Provider (const PluginFactory& factory, ClassInfo info) : PlugProvider (factory, info, false) {}

	IComponent* PLUGIN_API getComponent () override
	{
		auto* component = PlugProvider::getComponent ();
		if (auto controller = getControllerPtr ())
			controller->setComponentHandler (&handler);
		return component;
	}
};

int passed = 0;
int failed = 0;

/// Runs one test as the SDK's own validator does: setup, run, teardown.
void run (const std::string& suffix, TestBase* test)
{
	IPtr<TestBase> owner (test, false);
	Notes notes;
	const bool ready = test->setup ();
	const bool good = ready && test->run (&notes);
	const bool over = test->teardown ();
	const bool all = ready && good && over;
	std::printf ("test vst3::%s%s ... %s\n", test->getName (), suffix.c_str (), all ? "ok" : "FAILED");
	if (!ready)
		std::printf ("    setup failed\n");
	if (!over)
		std::printf ("    teardown failed\n");
	if (!all)
		for (const auto& line : notes.lines)
			std::printf ("    %s\n", line.c_str ());
	std::fflush (stdout);
	(all ? passed : failed)++;
}

// Not run, as in the SDK's own validator: InvalidStateTransitionTest and
// RepeatIdenticalStateTransitionTest, which ask for answers that the SDK's own classes do not give.
void runGeneral (ITestPlugProvider* plugin)
{
	run ("", new EditorClassesTest (plugin));
	run ("", new ScanBussesTest (plugin));
	run ("", new ScanParametersTest (plugin));
	run ("", new MidiMappingTest (plugin));
	run ("", new MidiLearnTest (plugin));
	run ("", new UnitInfoTest (plugin));
	run ("", new ProgramInfoTest (plugin));
	run ("", new TerminateInitializeTest (plugin));
	run ("", new UnitStructureTest (plugin));
	run ("", new ParameterFunctionNameTest (plugin));
	run ("", new BusInvalidIndexTest (plugin));
	run ("", new BusConsistencyTest (plugin));
	run ("", new BusActivationTest (plugin));
	run ("", new CheckAudioBusArrangementTest (plugin));
	run ("", new SideChainArrangementTest (plugin));
	run ("", new NoteExpressionTest (plugin));
	run ("", new KeyswitchTest (plugin));
	run ("", new ProcessContextRequirementsTest (plugin));
}

void runProcessing (ITestPlugProvider* plugin, ProcessSampleSize size)
{
	const std::string bits = size == kSample32 ? " [32 bit]" : " [64 bit]";
	run (bits, new ValidStateTransitionTest (plugin, size));
	run (bits, new SuspendResumeTest (plugin, size));
	run (bits, new ProcessTest (plugin, size));
	run (bits, new ProcessThreadTest (plugin, size));
	run (bits, new ProcessFormatTest (plugin, size));
	run (bits, new ProcessTailTest (plugin, size));
	run (bits, new ProcessInputOverwritingTest (plugin, size));
	run (bits, new VariableBlockSizeTest (plugin, size));
	run (bits, new SilenceFlagsTest (plugin, size));
	run (bits, new SilenceProcessingTest (plugin, size));
	run (bits, new BypassPersistenceTest (plugin, size));
	run (bits, new FlushParamTest (plugin, size));
	run (bits, new FlushParamTest2 (plugin, size));
	run (bits, new FlushParamTest3 (plugin, size));
	const SpeakerArrangement arrangements[] = {SpeakerArr::kMono, SpeakerArr::kStereo,
	                                           SpeakerArr::k40Music, SpeakerArr::k51};
	for (auto in : arrangements)
		for (auto out : arrangements)
			run (bits, new SpeakerArrangementTest (plugin, size, in, out));
	// Every nth sample a point, on this many parameters, with exact frames or not.
	for (int32 every : {1, 10, 100, 1000})
		for (bool exact : {false, true})
			run (bits, new AutomationTest (plugin, size, every, 8, exact));
}

} // namespace

int main (int count, char* words[])
{
	if (count != 2)
	{
		std::fprintf (stderr, "usage: %s BUNDLE\n", words[0]);
		return 2;
	}
	std::string error;
	auto module = VST3::Hosting::Module::create (words[1], error);
	if (!module)
	{
		std::fprintf (stderr, "%s: %s\n", words[1], error.c_str ());
		return 2;
	}
	IPtr<HostApplication> host = owned (new HostApplication);
	PluginContextFactory::instance ().setPluginContext (host);
	TestingPluginContext::set (host);
	module->getFactory ().setHostContext (host);
	int classes = 0;
	for (const auto& info : module->getFactory ().classInfos ())
	{
		if (info.category () != kVstAudioEffectClass)
			continue;
		classes++;
		IPtr<Provider> plugin = owned (new Provider (module->getFactory (), info));
		runGeneral (plugin);
		runProcessing (plugin, kSample32);
		runProcessing (plugin, kSample64);
	}
	if (classes == 0)
	{
		std::fprintf (stderr, "%s holds no audio plugin\n", words[1]);
		return 2;
	}
	std::printf ("%d passed, %d failed\n", passed, failed);
	return failed == 0 ? 0 : 1;
}
